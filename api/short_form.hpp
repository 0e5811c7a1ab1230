// The short request form: code in one language, and little else. It becomes the full form before
// anything is hashed, so that the same job asked for in either form is the same sandbox.
//
// Shapes    {"language": "python", "code": "print(1)", "inputs": ["a"], "timeout": 30,
//           "network_access": false, "packages": []}; beside them "dataset", "assertions" and
//           "nonce" as in the full form. `code` is what makes a request a short one; `language` is
//           "python" by default. Inputs are the program's arguments.
// Errors    Noted with a pointer to the field: unknown, of a wrong type, out of bounds;
//           network_access and packages, when they ask for what a run does not get.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "api/request_fields.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::api {

inline constexpr std::size_t inputs_max = 64;
inline constexpr std::int64_t short_form_timeout_seconds = 30;

enum class RequestForm : std::uint8_t { full, short_form };
RequestForm form_of(const nlohmann::json& body);

// What is run. The members beside are the caller's to read.
void read_short_form(Fields& request, pipeline::ExecutionRequest& out);

}  // namespace mayfly::api
