#include "cli/certificate_lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "certificate/canonical_json.hpp"

namespace mayfly::cli {

Result<std::optional<Bytes>> CertificateLines::next() {
  Bytes line;
  bool has_any = false;
  while (true) {
    if (next_ == filled_) {
      CHECK_OK(fill());
      if (filled_ == 0) break;
    }
    has_any = true;
    const auto begin = buffer_.begin() + static_cast<std::ptrdiff_t>(next_);
    const auto end = std::find(begin, buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), '\n');
    const auto found = static_cast<std::size_t>(end - begin);
    const std::size_t room = certificate::json_bytes_max + 1 - line.size();
    line.insert(line.end(), begin, begin + static_cast<std::ptrdiff_t>(std::min(found, room)));
    next_ += found;
    if (next_ < filled_) {
      ++next_;
      break;
    }
  }
  if (!has_any) return std::optional<Bytes>();
  ++number_;
  return std::optional(std::move(line));
}

Result<void> CertificateLines::fill() {
  next_ = filled_ = 0;
  ssize_t count = 0;
  do {
    count = ::read(fd_, buffer_.data(), buffer_.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail_errno("reading certificates");
  filled_ = static_cast<std::size_t>(count);
  return {};
}

}  // namespace mayfly::cli
