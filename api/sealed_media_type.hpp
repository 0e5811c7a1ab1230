// What a sealed upload and a sealed reply are called in Content-Type.
//
// Source    docs/reference/sealed-upload.md.
// Threads   Pure functions.
#pragma once
#include <string_view>

namespace mayfly::api {

inline constexpr std::string_view sealed_upload_media_type = "application/vnd.mayfly.sealed-upload";
inline constexpr std::string_view sealed_reply_media_type = "application/vnd.mayfly.sealed-reply";

// Without parameters, in any case: RFC 9110 section 8.3.1.
bool is_media_type(std::string_view content_type, std::string_view wanted);
inline bool is_sealed_upload(std::string_view content_type) {
  return is_media_type(content_type, sealed_upload_media_type);
}

}  // namespace mayfly::api
