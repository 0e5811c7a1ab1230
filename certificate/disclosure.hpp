// What a certificate shows of that which its statement only commits to, and how that is committed
// to.
//
// Source    docs/certificate-format.md, "proof.disclosure".
// Errors    limit: a disclosure that the format has no room for.
// Threads   Pure functions.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/decode.hpp"
#include "certificate/model.hpp"

namespace mayfly::certificate {

inline constexpr std::array<std::string_view, 4> event_kinds = {"executions", "files", "llm",
                                                                "network"};
// By the word in its member "event": what is none of the others is of a file.
std::string_view kind_of_event(std::string_view word);

bool may_withhold(const Claim& claim, std::string_view what);

// From the run's disclosure key: the same inputs give the same commitment, and whoever is shown the
// salt learns nothing about the key.
Bytes result_salt(const Sha256& disclosure_key);
Sha256 result_commitment(ByteView salt, ByteView result);
// The canonical reading of shown bytes, if they are one JSON object or array.
std::optional<std::string> value_of(const ShownResult& result);

// The same certificate with another disclosure: every signed byte stays.
Result<Bytes> with_disclosure(const DecodedCertificate& certificate,
                              std::optional<Disclosure> disclosure);

}  // namespace mayfly::certificate
