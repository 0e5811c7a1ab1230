// What `mayfly submit` asks a service to run: the options of the command line as the JSON of
// POST /execute, without the dataset.
//
// Errors    malformed, limit: an option that says nothing or cannot be said to a service.
//           unavailable: a file that is not there.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "cli/llm_options.hpp"

namespace mayfly::cli {

struct SubmitRequest {
  bool has_dataset = false;
  std::string dataset_format;  // csv, json or txt
  std::vector<std::string> scripts;
  std::vector<std::string> files;
  std::vector<std::string> steps;
  std::string language;
  std::vector<std::string> tools;
  std::string system_calls = "default";
  std::string determinism = "deterministic";
  std::vector<std::string> assertions;
  std::vector<std::string> environment;
  std::string limits;
  LlmOptions llm;
  bool is_private = false;
  std::vector<std::string> withhold;  // what may be withheld from a reader later
  bool wants_trace = false;
  std::vector<std::string> command;
};

// May hold an API key: wipe it once it is sealed.
Result<std::string> submit_request_json(const SubmitRequest& request, const Bytes& nonce);

}  // namespace mayfly::cli
