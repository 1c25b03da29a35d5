#pragma once

#include "base/json.hpp"

#include <array>
#include <optional>
#include <string>

namespace cdp::session {

/// The parameters of a campaign's links, utm_source and so on.
constexpr std::array kCampaignParts{"source", "medium", "campaign", "term", "content"};
using Campaign = std::array<std::optional<std::string>, kCampaignParts.size()>;

/// What an event says of the visit it belongs to.
struct Circumstances {
  std::optional<std::string> session_id;  ///< the caller's
  std::optional<std::string> url;
  std::optional<std::string> referrer;
  Campaign campaign;

  /// Does it say where the visit came from? An event with a url and no referrer says "from nowhere".
  bool has_origin() const;
};

/// Reads them from an event as it is stored; each from the first of these places that has a text (or, of an
/// id, a number):
///   session id  context.session_id, context.sessionId
///   url         context.url, context.page.url, properties.url
///   referrer    context.page.referrer, context.referrer.url, context.referrer, properties.referrer,
///               properties.$referrer; "$direct" is none
///   campaign    context.campaign (source, medium, name, term, content), properties.utm_…, context.utm_…,
///               the parameters of the url
Circumstances read_circumstances(const Json& properties, const Json& context);

}  // namespace cdp::session
