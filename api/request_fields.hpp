// Reads the members of one JSON object of a request, each by its name and type, and notes what is
// wrong with a pointer to it. Whatever was never asked for is refused by name at the end.
//
// Use       Fields fields(object, "/sandbox", faults); const json* tools = fields.array("tools");
//           ... fields.refuse_unknown();
// Threads   One reader, one thread. Borrows the document.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.hpp"

namespace mayfly::api {

// Everything found wrong so far, at most field_errors_max of it.
class FieldFaults {
 public:
  void add(std::string pointer, std::string detail);
  bool empty() const { return errors_.empty(); }
  std::vector<FieldError> take() { return std::move(errors_); }

 private:
  std::vector<FieldError> errors_;
};

struct IntegerBounds {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

class Fields {
 public:
  // Precondition: `object` is a JSON object and outlives this.
  Fields(const nlohmann::json& object, std::string pointer, FieldFaults& faults);

  // Null if the member is absent, or present with another type (which is noted).
  const nlohmann::json* object(std::string_view name);
  const nlohmann::json* array(std::string_view name);
  const std::string* text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, const IntegerBounds& bounds);
  // Any type.
  const nlohmann::json* any(std::string_view name);

  void refuse_unknown();

  std::string pointer_to(std::string_view name) const;
  void fault(std::string_view name, std::string detail);

 private:
  const nlohmann::json& object_;
  std::string pointer_;
  FieldFaults& faults_;
  std::vector<std::string_view> known_;
};

}  // namespace mayfly::api
