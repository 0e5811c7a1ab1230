// A software TPM of its own for one test program: made and certified once, by a certification
// authority of its own, and ended with the program. Talks over a socket in a private folder.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

class SoftwareTpm {
 public:
  // unavailable: swtpm or swtpm_setup is not installed, or does not start.
  static Result<SoftwareTpm> start();

  SoftwareTpm(SoftwareTpm&& other) noexcept;
  SoftwareTpm& operator=(SoftwareTpm&&) = delete;
  ~SoftwareTpm();

  std::string address() const { return "swtpm:path=" + folder_ + "/socket"; }
  Bytes issuer() const;  // DER
  Bytes root() const;

 private:
  SoftwareTpm(std::string folder, pid_t process) : folder_(std::move(folder)), process_(process) {}

  std::string folder_;
  pid_t process_ = -1;
};

}  // namespace mayfly::attest
