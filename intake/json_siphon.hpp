// Streams a JSON request body; the string at dataset.data is decoded straight into sealed memory
// and never becomes a string.
//
// Source    RFC 8259 for strings and structure. It does not judge the grammar: the rest goes to a
//           JSON parser, and is valid exactly if the body was. Whatever is valid is split right.
// Shapes    dataset.data must be a string "base64:<standard base64>". A name given twice ("dataset"
//           at the top, "data" within it) is refused, because parsers disagree on which one counts.
// Errors    malformed (with the byte's offset), limit (rest_bytes_max, json_depth_max, the
//           dataset's own bounds). Never a byte of the body.
// Threads   One siphon, one thread. Its buffers are wiped with it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "intake/base64_stream.hpp"
#include "intake/file_intake.hpp"
#include "intake/limits.hpp"
#include "intake/sealed_file.hpp"

namespace mayfly::intake {

inline constexpr std::uint32_t json_depth_max = 64;

class JsonSiphon {
 public:
  static Result<JsonSiphon> begin(const IntakeLimits& limits, JobIdentity identity,
                                  std::size_t rest_bytes_max);
  JsonSiphon(JsonSiphon&&) noexcept = default;
  JsonSiphon& operator=(JsonSiphon&&) = delete;
  ~JsonSiphon();

  Result<void> append(ByteView chunk);  // any split of the body

  struct Parts {
    std::string rest_json;           // the body with the value of dataset.data replaced by ""
    std::optional<SealedFile> data;  // named "dataset"
  };
  Result<Parts> finish() &&;

 private:
  enum class State : std::uint8_t { structure, text, escape, unicode };
  enum class Role : std::uint8_t { other, name, data };  // of the text being read

  JsonSiphon(const IntakeLimits& limits, JobIdentity identity, std::size_t rest_bytes_max);

  Result<void> step(std::uint8_t byte);
  Result<void> on_structure(std::uint8_t byte);
  Result<void> open(std::uint8_t byte);
  Result<void> close();
  Result<void> on_text(std::uint8_t byte);
  Result<void> on_escape(std::uint8_t byte);
  Result<void> on_unicode(std::uint8_t byte);
  Result<void> begin_text();
  Result<void> end_text();
  Result<void> end_name();
  Result<void> on_character(std::uint32_t code_unit);
  Result<void> on_data_character(std::uint32_t code_unit);
  Result<void> keep(std::uint8_t byte);
  void grow_rest();
  bool in_object() const { return (objects_ & 1U) != 0; }
  std::unexpected<Error> fail_here(ErrorCode code, std::string_view what) const;

  IntakeLimits limits_;
  JobIdentity identity_;
  std::size_t rest_bytes_max_;
  std::string rest_;
  std::uint64_t offset_ = 0;

  State state_ = State::structure;
  Role role_ = Role::other;
  std::uint64_t objects_ = 0;  // one bit per open container, the innermost lowest: is it an object?
  std::uint32_t depth_ = 0;
  bool name_next_ = false;  // the next text in this object is a name

  std::string_view wanted_;  // what this text is compared with: a name, or the prefix of the data
  std::size_t matched_ = 0;  // characters of it seen
  bool matches_ = false;     // all so far
  std::uint32_t unicode_ = 0;
  int unicode_digits_ = 0;

  bool seen_dataset_ = false;
  bool seen_data_ = false;
  bool at_dataset_ = false;  // depth 1: this member is "dataset"
  bool in_dataset_ = false;  // its value is an object, and it is open
  bool at_data_ = false;     // depth 2: this member is "data" and its value is still to come

  std::optional<FileIntake> intake_;
  Base64Stream base64_;
};

}  // namespace mayfly::intake
