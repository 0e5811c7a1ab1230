// The JSON siphon against a whole-document parser: it never turns an invalid body into a valid one
// or assigns a value differently, and refuses a valid one only for a reason it states.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "intake/json_siphon.hpp"
#include "tests/intake/siphon_reference.hpp"

namespace {

using namespace mayfly;

void require(bool holds) {
  if (!holds) std::abort();
}

Result<intake::JsonSiphon::Parts> siphon(ByteView body, std::size_t piece) {
  constexpr std::size_t rest_bytes_max = std::size_t{1} << 16;
  TRY(auto siphon,
      intake::JsonSiphon::begin({}, intake::JobIdentity::separate_user, rest_bytes_max));
  while (!body.empty()) {
    const ByteView chunk = body.first(std::min(piece, body.size()));
    CHECK_OK(siphon.append(chunk));
    body = body.subspan(chunk.size());
  }
  return std::move(siphon).finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1U << 16U) return 0;
  const ByteView body(data, size);
  const auto expected = test::siphon_reference(text_of(body));
  const auto parts = siphon(body, 1 + size % 37U);
  if (!parts) {
    require(!expected.valid || expected.named_twice || (expected.data_given && !expected.plain) ||
            expected.depth > intake::json_depth_max || text_of(body).contains('\0'));
    return 0;
  }
  require(test::canonical_dump(parts->rest_json) == expected.rest);
  if (!expected.valid) return 0;
  require(!expected.named_twice);
  require(parts->data.has_value() == expected.data_given);
  if (parts->data) require(text_of(parts->data->view()) == expected.plain);
  return 0;
}
