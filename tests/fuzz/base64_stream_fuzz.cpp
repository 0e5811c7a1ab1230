// The streaming base64 decoder against one that takes the text whole: they agree on what is
// accepted and on what it decodes to, however the text is split.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "intake/base64_stream.hpp"
#include "tests/intake/base64_text.hpp"

namespace {

using namespace mayfly;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1U << 16U) return 0;
  const std::size_t piece = 1 + size % 37U;
  const ByteView text(data, size);
  auto intake = intake::FileIntake::begin("fuzz", {}, intake::JobIdentity::separate_user);
  require(intake.has_value());
  intake::Base64Stream stream;
  std::size_t taken = 0;
  bool accepted = true;
  while (accepted && taken < text.size()) {
    const ByteView chunk = text.subspan(taken, std::min(piece, text.size() - taken));
    const auto more = stream.append(chunk, *intake);
    accepted = more && *more == chunk.size();
    if (more) taken += *more;
  }
  accepted = accepted && stream.finish();
  const auto file = std::move(*intake).seal();
  require(file.has_value());
  const std::string again = test::base64_text(text_of(file->view()));
  // Accepted exactly if encoding what came out gives back what went in.
  require(accepted == (again == text_of(text)));
  return 0;
}
