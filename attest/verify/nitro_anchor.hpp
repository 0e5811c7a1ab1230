// The root of every genuine Nitro Enclaves document: "aws.nitro-enclaves", G1.
//
// Source    aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip; SHA-256 of the DER:
//           641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b
// Threads   Constant data.
#pragma once
#include "base/bytes.hpp"

namespace mayfly::attest {

ByteView nitro_anchor();

}  // namespace mayfly::attest
