// Decodes base64 that arrives in pieces, straight into sealed memory.
//
// Source    RFC 4648 section 4: the standard alphabet, padding required, unused bits zero. Nothing
//           else: no white space, no line breaks, no URL alphabet.
// Errors    malformed, naming the character's position (never the character); what FileIntake says.
// Threads   One stream, one thread. Holds at most three characters, wiped with it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "intake/file_intake.hpp"

namespace mayfly::intake {

class Base64Stream {
 public:
  Base64Stream() = default;
  Base64Stream(const Base64Stream&) = default;
  Base64Stream& operator=(const Base64Stream&) = default;
  ~Base64Stream();

  // Decodes the base64 characters (padding included) that `text` begins with; returns how many.
  // Fewer than all of them: the next one is none, and the caller knows what it means there.
  Result<std::size_t> append(ByteView text, FileIntake& into);
  // Whether the text ended where base64 may end.
  Result<void> finish() const;

 private:
  Result<std::size_t> append_quanta(ByteView text, FileIntake& into);
  Result<void> append_one(std::uint8_t character, FileIntake& into);
  Result<void> pad(FileIntake& into);
  Result<void> emit(std::size_t bytes, FileIntake& into);

  std::uint64_t position_ = 0;
  std::uint32_t bits_ = 0;  // of the quantum begun
  std::uint32_t characters_ = 0;
  std::uint32_t padding_ = 0;
};

}  // namespace mayfly::intake
