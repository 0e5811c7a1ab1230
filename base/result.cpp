#include "base/result.hpp"

#include <cerrno>
#include <cstring>

namespace mayfly {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::rejected: return "rejected";
    case ErrorCode::limit: return "limit";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

Error Error::while_doing(std::string_view step) && {
  return {code_, std::string(step) + ": " + message_, error_number_};
}

namespace {

ErrorCode classify(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOSPC:
    case EDQUOT:
    case ENOSYS:
    case EOPNOTSUPP:
    case ELOOP:
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EADDRINUSE:
    case ECONNREFUSED: return ErrorCode::unavailable;
    case EFBIG:
    case ENAMETOOLONG: return ErrorCode::limit;
    default: return ErrorCode::internal;
  }
}

}  // namespace

Error errno_error(int error_number, std::string_view doing) {
  char text[128];
  // GNU strerror_r: thread-safe, may return a static string instead of filling the buffer.
  const char* reason = ::strerror_r(error_number, text, sizeof text);
  return {classify(error_number), std::string(doing) + ": " + reason, error_number};
}

std::unexpected<Error> fail_errno(std::string_view doing) {
  return std::unexpected(errno_error(errno, doing));
}

}  // namespace mayfly
