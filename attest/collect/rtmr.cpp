#include "attest/collect/rtmr.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/file_io.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t register_bytes = 48;

// An attribute is written where it is: a new file beside it would extend nothing.
Result<void> write_in_place(const std::filesystem::path& path, ByteView bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.borrow() < 0) {
    return fail_errno("opening " + path.string());
  }
  return write_all(fd, bytes);
}

Result<crypto::Sha384> value_of(const RegisterFile& file) {
  TRY(const Bytes bytes, file.read());
  crypto::Sha384 out;
  if (bytes.size() != register_bytes) {
    return fail(ErrorCode::internal,
                "an RTMR has 48 bytes, the kernel gave " + std::to_string(bytes.size()));
  }
  std::ranges::copy(bytes, out.bytes.begin());
  return out;
}

}  // namespace

Result<RegisterFile> rtmr_file(const std::filesystem::path& folder, std::uint32_t index) {
  if (index != 2 && index != 3) {
    return fail(ErrorCode::malformed,
                "RTMR2 and RTMR3 can be extended: 0 and 1 are the firmware's");
  }
  const std::filesystem::path path = folder / ("rtmr" + std::to_string(index) + ":sha384");
  TRY(const Bytes there, read_file(path, register_bytes));
  if (there.size() != register_bytes) {
    return fail(ErrorCode::unavailable, path.string() + " is no RTMR of the kernel's");
  }
  return RegisterFile{.read = [path] { return read_file(path, register_bytes); },
                      .extend = [path](ByteView digest) { return write_in_place(path, digest); }};
}

Result<crypto::Sha384> extend_rtmr(const RegisterFile& file, const crypto::Sha384& digest) {
  TRY(const crypto::Sha384 before, value_of(file));
  CHECK_OK(file.extend(digest.bytes));
  TRY(const crypto::Sha384 after, value_of(file));
  Bytes both(before.bytes.begin(), before.bytes.end());
  both.insert(both.end(), digest.bytes.begin(), digest.bytes.end());
  if (after != crypto::sha384(both)) {
    return fail(ErrorCode::internal,
                "the RTMR did not change to the digest of what it was and what was added: another "
                "program extends it at the same time");
  }
  return after;
}

}  // namespace mayfly::attest
