// The kernel's files for attestation reports: one folder for each request, made by mkdir.
//
// Source    Linux, Documentation/ABI/testing/configfs-tsm-report (since 6.7).
// Errors    unavailable, with errno: no such folder, denied; EBUSY, EINTR, ETIMEDOUT from whoever
//           makes the report; EWOULDBLOCK when another writer changed the request meanwhile.
// Threads   Each request has a folder of its own, so several may go on at once.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

inline constexpr std::string_view tsm_report_folder = "/sys/kernel/config/tsm/report";

// A test stands in for the kernel here.
class TsmFiles {
 public:
  TsmFiles() = default;
  TsmFiles(const TsmFiles&) = delete;
  TsmFiles& operator=(const TsmFiles&) = delete;
  virtual ~TsmFiles() = default;

  virtual Result<void> make(const std::string& request) = 0;
  virtual void remove(const std::string& request) = 0;
  // In one read, as large as the attribute may be: a second one would be another report.
  virtual Result<Bytes> read(const std::string& request, std::string_view attribute) = 0;
  virtual Result<void> write(const std::string& request, std::string_view attribute,
                             ByteView value) = 0;
};

std::unique_ptr<TsmFiles> kernel_tsm_files(std::filesystem::path folder);

}  // namespace mayfly::attest
