// The certificate store that every verb shares: <state folder>/certificates.db.
#pragma once
#include "base/result.hpp"
#include "store/store.hpp"

namespace mayfly::cli {

Result<store::Store> open_store();

}  // namespace mayfly::cli
