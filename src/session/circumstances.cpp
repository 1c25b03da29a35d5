#include "session/circumstances.hpp"

#include "base/error.hpp"
#include "event/limits.hpp"
#include "event/mapping.hpp"

#include <algorithm>
#include <string_view>

namespace cdp::session {

namespace {

std::optional<std::string> text_of(const Json* value) {
  if (value == nullptr || value->string() == nullptr || value->string()->empty()) return std::nullopt;
  return *value->string();
}

std::optional<std::string> first_text(std::initializer_list<const Json*> places) {
  for (const Json* place : places)
    if (std::optional<std::string> text = text_of(place)) return text;
  return std::nullopt;
}

const Json* within(const Json* value, std::string_view name) {
  return value != nullptr ? value->find(name) : nullptr;
}

std::optional<std::string> read_session_id(const Json& context) {
  for (const char* name : {"session_id", "sessionId"}) {
    const Json* value = context.find(name);
    if (value == nullptr) continue;
    std::string id;
    if (value->string() != nullptr) id = *value->string();
    if (value->number() != nullptr && value->number()->sign() != 0) id = value->number()->to_string();
    if (id.size() <= event::kMaxNameBytes && event::is_identifier(id)) return id;
  }
  return std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Is it UTF-8 without the character U+0000?
bool is_text(std::string_view bytes) {
  std::string quoted;
  append_json_string(quoted, bytes);
  try {
    (void)parse_json(quoted);
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled) throw;
    return false;
  }
  return true;
}

/// A parameter's value without its escapes; as it stands where that would be no text.
std::string unescaped(std::string_view value) {
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '+') {
      text += ' ';
    } else if (value[i] == '%' && i + 2 < value.size() && hex_digit(value[i + 1]) >= 0 &&
               hex_digit(value[i + 2]) >= 0) {
      text += static_cast<char>(hex_digit(value[i + 1]) * 16 + hex_digit(value[i + 2]));
      i += 2;
    } else {
      text += value[i];
    }
  }
  return is_text(text) ? text : std::string(value);
}

/// The first parameter of that name of a url, if it has a value.
std::optional<std::string> parameter_of(std::string_view url, std::string_view name) {
  const size_t query = url.find('?');
  if (query == std::string_view::npos) return std::nullopt;
  std::string_view rest = url.substr(query + 1);
  rest = rest.substr(0, rest.find('#'));
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || part.substr(0, equals) != name) continue;
    if (equals + 1 < part.size()) return unescaped(part.substr(equals + 1));
  }
  return std::nullopt;
}

Campaign read_campaign(const Json& properties, const Json& context, const std::optional<std::string>& url) {
  Campaign campaign;
  const Json* given = context.find("campaign");
  const bool is_in_url = url && url->find("utm_") != std::string::npos;
  for (size_t i = 0; i < campaign.size(); ++i) {
    static const std::array kParameters{"utm_source", "utm_medium", "utm_campaign", "utm_term",
                                        "utm_content"};
    const std::string_view part = kCampaignParts[i];
    campaign[i] = first_text({within(given, part == "campaign" ? "name" : part),
                              properties.find(kParameters[i]), context.find(kParameters[i])});
    if (!campaign[i] && is_in_url) campaign[i] = parameter_of(*url, kParameters[i]);
  }
  return campaign;
}

}  // namespace

bool Circumstances::has_origin() const {
  return url || referrer ||
         std::any_of(campaign.begin(), campaign.end(), [](const auto& part) { return part.has_value(); });
}

Circumstances read_circumstances(const Json& properties, const Json& context) {
  Circumstances found;
  const Json* page = context.find("page");
  const Json* referrer = context.find("referrer");
  found.session_id = read_session_id(context);
  found.url = first_text({context.find("url"), within(page, "url"), properties.find("url")});
  found.referrer = first_text({within(page, "referrer"), within(referrer, "url"), referrer,
                               properties.find("referrer"), properties.find("$referrer")});
  if (found.referrer == "$direct") found.referrer.reset();
  found.campaign = read_campaign(properties, context, found.url);
  return found;
}

}  // namespace cdp::session
