#include "api/log_route.hpp"

#include "transparency/tile.hpp"

namespace mayfly::api {

std::optional<Reply> read_log_file(std::string_view path, const Call& call,
                                   const Service& service) {
  store::Log* const log = service.parts.log.log;
  if (log == nullptr) return std::nullopt;
  if (path == "checkpoint") {
    const auto newest = log->checkpoint();
    if (!newest) return problem_reply(problem_of(newest.error()), call.path);
    if (!*newest) return std::nullopt;  // an empty log has none
    return Reply{.media_type = std::string(text_media_type),
                 .body = to_text((*newest)->note),
                 .headers = {{"Cache-Control", "no-store"}}};
  }
  const auto name = transparency::parse_tile_path(path);
  if (!name) return std::nullopt;
  const auto tile = log->tile(*name);
  if (!tile) return problem_reply(problem_of(tile.error()), call.path);
  if (!*tile) return std::nullopt;
  return Reply{.media_type = "application/octet-stream",
               .body = std::string(text_of(**tile)),
               .headers = {{"Cache-Control", "public, max-age=31536000, immutable"}}};
}

}  // namespace mayfly::api
