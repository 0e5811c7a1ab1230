#include "certificate/canonical_writer.hpp"

#include <algorithm>
#include <utility>

#include "certificate/json_number.hpp"
#include "certificate/json_string.hpp"

namespace mayfly::certificate {

void CanonicalWriter::refuse(ErrorCode code, std::string message) {
  if (!error_) error_.emplace(code, std::move(message));
}

bool CanonicalWriter::start_value() {
  if (error_) return false;
  const bool in_object = !frames_.empty() && frames_.back().container == Container::object;
  if (in_object != name_is_pending_ || (frames_.empty() && !text_.empty())) {
    refuse(ErrorCode::internal, "JSON writer: a value where none may stand");
    return false;
  }
  if (++values_ > bounds_.values_max) {
    refuse(ErrorCode::limit, "more than " + std::to_string(bounds_.values_max) + " JSON values");
    return false;
  }
  if (!frames_.empty() && !in_object) {
    if (!std::exchange(frames_.back().is_empty, false)) text_ += ',';
  }
  name_is_pending_ = false;
  return true;
}

void CanonicalWriter::finish_value() {
  if (text_.size() > bounds_.bytes_max) {
    refuse(ErrorCode::limit,
           "the JSON text is over " + std::to_string(bounds_.bytes_max) + " bytes");
  }
  if (!frames_.empty() && frames_.back().container == Container::object) {
    members_.back().end = text_.size();
  }
}

void CanonicalWriter::begin(Container container) {
  if (!start_value()) return;
  if (frames_.size() == bounds_.depth_max) {
    refuse(ErrorCode::limit,
           "JSON nested more than " + std::to_string(bounds_.depth_max) + " levels deep");
    return;
  }
  text_ += container == Container::object ? '{' : '[';
  frames_.push_back({container, text_.size(), members_.size()});
}

void CanonicalWriter::end(Container container) {
  if (error_) return;
  if (frames_.empty() || frames_.back().container != container || name_is_pending_) {
    refuse(ErrorCode::internal, "JSON writer: an end without its beginning");
    return;
  }
  const Frame frame = frames_.back();
  if (container == Container::object) sort_members(frame);
  members_.resize(frame.first_member);
  frames_.pop_back();
  text_ += container == Container::object ? '}' : ']';
  finish_value();
}

std::string_view CanonicalWriter::name_of(const Member& member) const {
  return std::string_view(text_).substr(member.begin + 1, member.name_end - member.begin - 1);
}

void CanonicalWriter::sort_members(const Frame& frame) {
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(frame.first_member);
  const auto rises = [this](const Member& a, const Member& b) {
    return compare_names(name_of(a), name_of(b)) < 0;
  };
  const bool was_sorted = std::is_sorted(begin, members_.end(), rises);
  if (!was_sorted) std::sort(begin, members_.end(), rises);
  const auto repeated = std::adjacent_find(
      begin, members_.end(), [&](const Member& a, const Member& b) { return !rises(a, b); });
  if (repeated != members_.end()) {
    refuse(ErrorCode::malformed, "two members of one object have the same name");
    return;
  }
  if (was_sorted) return;
  std::string sorted;
  sorted.reserve(text_.size() - frame.begin);
  for (auto member = begin; member != members_.end(); ++member) {
    if (!sorted.empty()) sorted += ',';
    sorted.append(text_, member->begin, member->end - member->begin);
  }
  text_.replace(frame.begin, std::string::npos, sorted);
}

void CanonicalWriter::append_string(std::string_view utf8) {
  text_ += '"';
  const std::size_t inside = text_.size();
  if (auto done = append_escaped(text_, utf8); !done) {
    refuse(done.error().code(), done.error().message());
  }
  if (text_.size() - inside > bounds_.string_bytes_max) {
    refuse(ErrorCode::limit,
           "a JSON string is over " + std::to_string(bounds_.string_bytes_max) + " bytes");
  }
  text_ += '"';
}

void CanonicalWriter::name(std::string_view utf8) {
  if (error_) return;
  if (frames_.empty() || frames_.back().container != Container::object || name_is_pending_) {
    refuse(ErrorCode::internal, "JSON writer: a member name where none may stand");
    return;
  }
  if (!std::exchange(frames_.back().is_empty, false)) text_ += ',';
  const std::size_t begin = text_.size();
  append_string(utf8);
  members_.push_back({begin, text_.size() - 1});
  text_ += ':';
  name_is_pending_ = true;
}

void CanonicalWriter::string(std::string_view utf8) {
  if (!start_value()) return;
  append_string(utf8);
  finish_value();
}

void CanonicalWriter::integer(std::int64_t value) {
  if (value > integer_max || value < -integer_max) {
    refuse(ErrorCode::malformed, "an integer beyond 2^53-1 has no exact JSON number");
    return;
  }
  canonical_value(std::to_string(value));
}

void CanonicalWriter::boolean(bool value) {
  canonical_value(value ? "true" : "false");
}

void CanonicalWriter::null() {
  canonical_value("null");
}

void CanonicalWriter::canonical_value(std::string_view text) {
  if (!start_value()) return;
  text_ += text;
  finish_value();
}

Result<std::string> CanonicalWriter::finish() && {
  if (error_) return std::unexpected(*std::move(error_));
  if (!frames_.empty() || text_.empty()) {
    return fail(ErrorCode::internal, "JSON writer: finished before its outermost value");
  }
  return std::move(text_);
}

}  // namespace mayfly::certificate
