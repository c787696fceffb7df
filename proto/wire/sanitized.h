// Whether this is a build with a sanitizer, whose own memory is over any limit: daemon, worker and
// their tests then set none, and expect none.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TACTIC_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TACTIC_SANITIZED
#endif
#endif

namespace tactic::wire {

#ifdef TACTIC_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace tactic::wire
