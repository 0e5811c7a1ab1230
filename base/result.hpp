// Errors as values: what the caller should do (a code) and what a person should read (a message).
//
// Use       TRY(const auto x, f());  returns f's error, or binds its value.   CHECK_OK(g()); for
//           void.
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mayfly {

// What should the caller do? Everything else is in the message.
enum class ErrorCode : std::uint8_t {
  malformed,    // The bytes are not what they should be: fix the input.
  rejected,     // Well-formed, and a check said no: do not trust it.
  limit,        // Over a stated bound: make it smaller or raise the bound.
  unavailable,  // Something outside is missing or denied: change the machine, then try again.
  internal,     // Our bug or a failing system call that should not fail.
};

std::string_view to_string(ErrorCode code);

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message, int error_number = 0)
      : code_(code), error_number_(error_number), message_(std::move(message)) {}

  ErrorCode code() const noexcept { return code_; }
  // The errno behind it, 0 if none: a command's exit status tells "missing" from "denied" by it.
  int error_number() const noexcept { return error_number_; }
  const std::string& message() const noexcept { return message_; }

  // Adds context on the way up: "reading the dataset: truncated at byte 12".
  Error while_doing(std::string_view step) &&;

 private:
  ErrorCode code_;
  int error_number_;
  std::string message_;
};

// errno as an Error. ENOENT, EACCES, EPERM, ENOSPC and kin are `unavailable`; the rest `internal`.
Error errno_error(int error_number, std::string_view doing);

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error(code, std::move(message)));
}
// Call directly after the failed system call: it reads errno.
std::unexpected<Error> fail_errno(std::string_view doing);

}  // namespace mayfly

#define MAYFLY_CONCAT_INNER(a, b) a##b
#define MAYFLY_CONCAT(a, b) MAYFLY_CONCAT_INNER(a, b)
// Two statements, so not usable as the sole body of an unbraced `if`; every body here is braced.
#define TRY(declaration, ...)                                                        \
  auto MAYFLY_CONCAT(try_result_, __LINE__) = (__VA_ARGS__);                         \
  if (!MAYFLY_CONCAT(try_result_, __LINE__)) {                                       \
    return std::unexpected(std::move(MAYFLY_CONCAT(try_result_, __LINE__)).error()); \
  }                                                                                  \
  declaration = std::move(*MAYFLY_CONCAT(try_result_, __LINE__))
#define CHECK_OK(...)                                           \
  do {                                                          \
    if (auto check_result_ = (__VA_ARGS__); !check_result_) {   \
      return std::unexpected(std::move(check_result_).error()); \
    }                                                           \
  } while (false)
