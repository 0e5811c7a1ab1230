// Writes DER elements, innermost first: each function returns one whole element.
//
// Source    ITU-T X.690, clause 10.
// Errors    None: the caller gives well-formed parts.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.hpp"

namespace mayfly::crypto {

Bytes der_element(std::uint8_t tag, ByteView content);
Bytes der_element(std::uint8_t tag, std::initializer_list<ByteView> contents);
Bytes der_sequence(std::initializer_list<ByteView> elements);
Bytes der_unsigned_integer(ByteView big_endian);
Bytes der_octet_string(ByteView content);
Bytes der_bit_string(ByteView content);
Bytes der_boolean_true();
// `content` is the encoded identifier, without tag and length.
Bytes der_object_identifier(ByteView content);
Bytes der_utf8_string(std::string_view text);

}  // namespace mayfly::crypto
