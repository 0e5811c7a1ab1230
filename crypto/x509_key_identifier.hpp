// Which key signed this, and which key is that: the two key identifiers of certificates and lists.
//
// Source    RFC 5280, 4.2.1.1 and 4.2.1.2. They choose between keys and prove nothing.
// Errors    malformed: an extension that is not of its form.  rejected: they name another key.
// Threads   Pure functions. What they return borrows from the extensions.
#pragma once
#include <optional>
#include <span>

#include "crypto/x509.hpp"

namespace mayfly::crypto {

using X509Extensions = std::span<const X509Extension>;

Result<std::optional<ByteView>> subject_key_identifier(X509Extensions extensions);
// Of AuthorityKeyIdentifier, only the keyIdentifier.
Result<std::optional<ByteView>> authority_key_identifier(X509Extensions extensions);

// Where both sides name a key, it is the same one.
Result<void> check_key_identifiers(X509Extensions issued, X509Extensions issuer);

}  // namespace mayfly::crypto
