// What a policy says about one thing: what it must be, or that nobody asks, and why not.
//
// Threads   Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace mayfly::attest {

// "Do not check this", and why: shown in every report.
struct Any {
  std::string reason;
};

template <class T>
using Expected = std::variant<Any, T>;

// A TEE proves nothing against whoever can put an interposer on its memory bus. `allowlisted` says
// that the platforms of the list stand where nobody can; `none` says that nobody knows.
enum class PhysicalAccessTrust : std::uint8_t { none, allowlisted };
constexpr std::string_view to_string(PhysicalAccessTrust trust) {
  return trust == PhysicalAccessTrust::none ? "none" : "allowlisted";
}

}  // namespace mayfly::attest
