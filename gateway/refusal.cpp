#include "gateway/refusal.hpp"

#include "gateway/json_view.hpp"

namespace mayfly::gateway {
namespace {

struct Shape {
  int status;
  std::string_view anthropic_type;
  std::string_view openai_type;
};

Shape shape_of(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::bad_request: return {400, "invalid_request_error", "invalid_request_error"};
    case RefusalKind::unauthorized: return {401, "authentication_error", "invalid_request_error"};
    case RefusalKind::not_allowed: return {403, "permission_error", "invalid_request_error"};
    case RefusalKind::not_found: return {404, "not_found_error", "invalid_request_error"};
    case RefusalKind::too_large: return {413, "request_too_large", "invalid_request_error"};
    case RefusalKind::over_budget: return {429, "rate_limit_error", "insufficient_quota"};
    case RefusalKind::provider_failed: return {502, "api_error", "server_error"};
  }
  return {500, "api_error", "server_error"};
}

}  // namespace

std::string_view type_of(const Refusal& refusal, Wire wire) {
  const Shape shape = shape_of(refusal.kind);
  return wire == Wire::anthropic ? shape.anthropic_type : shape.openai_type;
}

RefusalReply to_reply(const Refusal& refusal, Wire wire) {
  const std::string type = json_string(type_of(refusal, wire));
  const std::string code = json_string(refusal.code);
  const std::string message = json_string("mayfly: " + refusal.message);
  const int status = shape_of(refusal.kind).status;
  if (wire == Wire::anthropic) {
    return {status, R"({"type":"error","error":{"type":)" + type + R"(,"message":)" + message +
                        R"(,"details":{"error_code":)" + code + "}}}"};
  }
  return {status, R"({"error":{"message":)" + message + R"(,"type":)" + type +
                      R"(,"param":null,"code":)" + code + "}}"};
}

}  // namespace mayfly::gateway
