// Certificates one a line: a canonical one has no line end inside.
//
// Shapes    Of a line longer than any certificate, one byte too many is kept, which whoever judges
//           it then names.
// Errors    unavailable: it cannot be read.
// Threads   One caller.
#pragma once
#include <cstddef>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::cli {

class CertificateLines {
 public:
  // Borrows `fd`.
  explicit CertificateLines(int fd) : fd_(fd) {}
  // nullopt at the end.
  Result<std::optional<Bytes>> next();
  // Of the last line, from 1.
  std::size_t number() const { return number_; }

 private:
  Result<void> fill();

  int fd_;
  Bytes buffer_ = Bytes(std::size_t{256} * 1024);
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
  std::size_t number_ = 0;
};

}  // namespace mayfly::cli
