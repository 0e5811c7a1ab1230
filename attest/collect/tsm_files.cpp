#include "attest/collect/tsm_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"

namespace mayfly::attest {
namespace {

// The kernel gives at most 32 KiB (TSM_OUTBLOB_MAX); one byte more would show that it does not.
constexpr std::size_t attribute_bytes_max = std::size_t{128} * 1024;

std::unexpected<Error> refused(int error_number, const std::string& doing) {
  return std::unexpected(Error(ErrorCode::unavailable,
                               doing + ": " + errno_error(error_number, "the kernel").message(),
                               error_number));
}

class KernelTsmFiles : public TsmFiles {
 public:
  explicit KernelTsmFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<void> make(const std::string& request) override {
    const std::filesystem::path path = folder_ / request;
    if (::mkdir(path.c_str(), 0700) != 0) {
      return refused(errno, "making " + path.string() +
                                " (needs root, configfs mounted, and the module tdx_guest or "
                                "sev-guest)");
    }
    return {};
  }

  void remove(const std::string& request) override { ::rmdir((folder_ / request).c_str()); }

  Result<Bytes> read(const std::string& request, std::string_view attribute) override {
    const std::filesystem::path path = folder_ / request / attribute;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.borrow() < 0) {
      return refused(errno, "opening " + path.string());
    }
    Bytes out(attribute_bytes_max);
    const ssize_t count = ::read(fd.borrow(), out.data(), out.size());
    if (count < 0) {
      return refused(errno, "reading " + path.string());
    }
    out.resize(static_cast<std::size_t>(count));
    return out;
  }

  Result<void> write(const std::string& request, std::string_view attribute,
                     ByteView value) override {
    const std::filesystem::path path = folder_ / request / attribute;
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.borrow() < 0) {
      return refused(errno, "opening " + path.string());
    }
    const ssize_t count = ::write(fd.borrow(), value.data(), value.size());
    if (count != static_cast<ssize_t>(value.size())) {
      return refused(count < 0 ? errno : EIO, "writing " + path.string());
    }
    return {};
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

std::unique_ptr<TsmFiles> kernel_tsm_files(std::filesystem::path folder) {
  return std::make_unique<KernelTsmFiles>(std::move(folder));
}

}  // namespace mayfly::attest
