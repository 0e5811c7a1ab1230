// `mayfly certificates seal|backup|check|export|import`: care of the local store.
#pragma once
#include "cli/command.hpp"

namespace mayfly::cli {

// Below `mayfly certificates`.
void add_store_care(Verb certificates, Action& chosen);

}  // namespace mayfly::cli
