#include "worker/piece.hpp"

#include <utility>

namespace cdp::worker {

namespace {
/// Fewer are read before a thread has begun.
constexpr size_t kWorthAThread = 500;
}  // namespace

void Piece::read_ahead(event::ReadingRules rules, std::unique_ptr<Piece> applied) {
  if (queued_.size() < kWorthAThread) return;
  // A std::function must be copyable.
  background_.emplace(
      [this, rules = std::move(rules), applied = std::shared_ptr<Piece>(std::move(applied))]() mutable {
        read_now(rules);
        applied.reset();
      });
}

void Piece::read(const event::ReadingRules& rules) {
  if (background_) {
    background_->finish();
    background_.reset();
  } else {
    read_now(rules);
  }
  events_.clear();
}

void Piece::read_now(const event::ReadingRules& rules) {
  reading_ = event::read_messages(queued_, rules);
  circumstances_.clear();
  circumstances_.reserve(reading_.messages.size());
  for (const event::Received& received : reading_.messages)
    circumstances_.push_back(
        session::read_circumstances(received.message.properties, received.message.context));
}

}  // namespace cdp::worker
