// Reads the JSON that Azure's paravisor hashes into a report, strictly, as one flat list:
// "keys/0/kid".
//
// Source    RFC 8259, restricted to what the paravisor writes: printable ASCII without escapes,
//           non-negative integers, true, false, null. A name may stand once in its object.
// Shapes    At most azure_json_bytes_max, 6 levels, 256 values. No recursion.
// Errors    malformed: "byte 17: ...".  limit: over a bound.
// Threads   Pure function. Values borrow from the text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mayfly::attest {

inline constexpr std::size_t azure_json_bytes_max = std::size_t{16} * 1024;

enum class AzureValueKind : std::uint8_t { string, integer, boolean, null };

struct AzureValue {
  std::string path;
  AzureValueKind kind = AzureValueKind::null;
  std::string_view text;  // a string's content, or the literal
};

class AzureJson {
 public:
  static Result<AzureJson> parse(ByteView text);

  const std::vector<AzureValue>& values() const { return values_; }
  std::optional<std::string_view> string_at(std::string_view path) const;
  std::optional<bool> boolean_at(std::string_view path) const;

 private:
  class Scanner;
  const AzureValue* find(std::string_view path, AzureValueKind kind) const;

  std::vector<AzureValue> values_;
};

}  // namespace mayfly::attest
