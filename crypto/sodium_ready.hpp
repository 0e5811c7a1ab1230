// libsodium must be told once before it is used. For the files of this folder that use it.
#pragma once

namespace mayfly::crypto {

// Aborts where libsodium cannot start: nothing that it makes could be trusted.
void require_sodium();

}  // namespace mayfly::crypto
