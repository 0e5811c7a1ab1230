#include "intake/upload_session.hpp"

namespace mayfly::intake {

UploadSession::Use UploadSession::use(const EnvelopeHeader& header) {
  const std::lock_guard lock(mutex_);
  if (used_.contains(header.ephemeral)) return Use::again;
  if (used_.size() >= remembered_max_) return Use::no_room;
  used_.insert(header.ephemeral);
  return Use::first;
}

}  // namespace mayfly::intake
