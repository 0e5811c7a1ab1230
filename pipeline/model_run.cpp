#include "pipeline/model_run.hpp"

#include "pipeline/model_access.hpp"

namespace mayfly::pipeline {
namespace {

gateway::Settings settings_of(const ModelAccess& access, const crypto::Sha256& disclosure_key) {
  gateway::Settings settings;
  settings.url = access.url;
  settings.ca_file = access.ca_file;
  settings.wires = access.wires;
  settings.run_token = gateway::fresh_run_token();
  if (!access.model.empty()) settings.models = {access.model};
  settings.budget = access.budget;
  settings.disclosure_key = disclosure_key;
  return settings;
}

void describe_gateway(const gateway::GatewayProgram& program, const gateway::GatewayReport& calls,
                      executor::RunReport& report) {
  report.coverage["llm"] = "complete";
  report.confinement["llm_gateway"] = "mayfly-gateway " + crypto::to_text(program.digest()) +
                                      ", key in locked memory outside the sandbox";
  report.confinement["llm_limits_hit"] = calls.limits_hit.empty() ? "none" : calls.limits_hit;
}

}  // namespace

Result<RecordedRun> run_job(const std::vector<Stage>& stages, const ExecutionRequest& request,
                            const Parts& parts, const crypto::Sha256& disclosure_key,
                            const executor::Runner::Watch& watch) {
  const intake::Dataset* const dataset = request.dataset ? &*request.dataset : nullptr;
  if (!request.llm) {
    TRY(StagesReport ran, run_stages(parts.runner, stages, dataset, watch));
    return RecordedRun{std::move(ran.report), std::move(ran.ended_in), {}};
  }
  if (parts.gateway == nullptr) {
    return fail(ErrorCode::unavailable,
                "this program has no gateway to models: install mayfly-gateway beside it");
  }
  const gateway::Settings settings = settings_of(*request.llm, disclosure_key);
  const ByteView key = request.llm->key ? request.llm->key->view() : ByteView();
  TRY(gateway::Gateway gateway, gateway::Gateway::start(*parts.gateway, settings, key));
  executor::Runner::Watch with_gateway = watch;
  with_gateway.on_loopback_listener = [&gateway](UniqueFd listener) {
    return gateway.give_listener(listener);
  };
  std::vector<Stage> with_token = stages;
  with_token.back().spec = with_run_token(stages.back().spec, settings.run_token);
  TRY(StagesReport ran, run_stages(parts.runner, with_token, dataset, with_gateway));
  TRY(gateway::GatewayReport calls, std::move(gateway).finish());
  describe_gateway(*parts.gateway, calls, ran.report);
  return RecordedRun{std::move(ran.report), std::move(ran.ended_in), std::move(calls.calls)};
}

}  // namespace mayfly::pipeline
