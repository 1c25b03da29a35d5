#include "pg/table_writer.hpp"

#include "pg/guard.hpp"

extern "C" {
#include <access/xact.h>
}

namespace cdp::pg {

uint32_t TableWriter::writer() {
  return guard([] { return GetCurrentTransactionId(); });
}

}  // namespace cdp::pg
