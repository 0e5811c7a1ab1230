#include "api/request_fields.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/request_decode.hpp"
#include "api/strict_json.hpp"

namespace mayfly::api {

using nlohmann::json;

void FieldFaults::add(std::string pointer, std::string detail) {
  if (errors_.size() < field_errors_max) errors_.push_back({std::move(pointer), std::move(detail)});
}

Fields::Fields(const json& object, std::string pointer, FieldFaults& faults)
    : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

std::string Fields::pointer_to(std::string_view name) const {
  return pointer_ + "/" + pointer_part(name);
}

void Fields::fault(std::string_view name, std::string detail) {
  faults_.add(pointer_to(name), std::move(detail));
}

const json* Fields::any(std::string_view name) {
  known_.push_back(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

const json* Fields::object(std::string_view name) {
  const json* const value = any(name);
  if (value == nullptr || value->is_object()) return value;
  fault(name, "must be an object");
  return nullptr;
}

const json* Fields::array(std::string_view name) {
  const json* const value = any(name);
  if (value == nullptr || value->is_array()) return value;
  fault(name, "must be an array");
  return nullptr;
}

const std::string* Fields::text(std::string_view name) {
  const json* const value = any(name);
  if (value == nullptr) return nullptr;
  if (!value->is_string()) {
    fault(name, "must be a string");
    return nullptr;
  }
  return value->get_ptr<const std::string*>();
}

std::optional<std::int64_t> Fields::integer(std::string_view name, const IntegerBounds& bounds) {
  const json* const value = any(name);
  if (value == nullptr) return std::nullopt;
  const std::string range = "must be a whole number from " + std::to_string(bounds.least) + " to " +
                            std::to_string(bounds.most);
  // What does not fit 64 signed bits is unsigned or a double here, and out of every bound.
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <= static_cast<std::uint64_t>(bounds.most));
  if (!fits || value->get<std::int64_t>() < bounds.least ||
      value->get<std::int64_t>() > bounds.most) {
    fault(name, range);
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

void Fields::refuse_unknown() {
  for (const auto& [name, value] : object_.items()) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    std::string known;
    for (const std::string_view one : known_) {
      known += (known.empty() ? "" : ", ") + std::string(one);
    }
    fault(name, "unknown field; known here: " + known);
  }
}

}  // namespace mayfly::api
