#pragma once

#include "decision/eligibility.hpp"
#include "decision/rank.hpp"

#include <memory>

namespace cdp::decision {

/// The configuration as this transaction sees it. Kept in memory by the connection and read anew after a
/// change of its tables (trigger cdp_decision_changed), so that it usually costs nothing. What was handed out
/// stays valid as long as it is held.
std::shared_ptr<const Configuration> current_configuration();

/// The counts of the placement's candidates, kept and renewed likewise. `placement` is of `configuration`,
/// which is the current one.
std::shared_ptr<Model> current_model(const std::shared_ptr<const Configuration>& configuration,
                                     const Placement& placement);

}  // namespace cdp::decision
