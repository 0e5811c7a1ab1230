// JSON for replies: the certificate's own writer with bounds that fit a reply, and text of unknown
// origin made safe first.
//
// Use       JsonOut json(reply_bounds); json.begin_object(); ...
//           TRY(text, std::move(json).finish());
// Threads   One writer, one thread.
#pragma once
#include <string>
#include <string_view>

#include "certificate/canonical_writer.hpp"

namespace mayfly::api {

using JsonOut = certificate::CanonicalWriter;

// Room for a job's stdout and stderr at output_bytes_max each, every byte escaped as six.
inline constexpr certificate::JsonBounds reply_bounds = {
    .bytes_max = std::size_t{256} * 1024 * 1024,
    .depth_max = 32,
    .values_max = 1'000'000,
    .string_bytes_max = std::size_t{128} * 1024 * 1024};

// What cannot stand in JSON (bytes that are not UTF-8, U+0000) becomes '?': for messages and names,
// never for a job's output.
void text_member(JsonOut& json, std::string_view name, std::string_view text);

// A job's output as it is: UTF-8 text, or base64 with `<name>_encoding`: "base64" beside it.
void output_member(JsonOut& json, std::string_view name, std::string_view output);

}  // namespace mayfly::api
