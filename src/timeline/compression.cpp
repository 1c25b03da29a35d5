#include "timeline/compression.hpp"

#include "base/error.hpp"

#include <memory>
#include <new>
#include <string_view>
#include <zstd.h>

namespace cdp::timeline {

namespace {

constexpr int kLevel = 3;
/// The first bytes of every frame, which need not be stored.
constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";
/// No frame stands for more times its size: a block of three or four bytes is at most 128 kB.
constexpr uint64_t kMaxRatio = 65536;

/// One a thread is kept, since making one takes longer than using it.
template <class Context, size_t (*Free)(Context*)>
struct Freeing {
  void operator()(Context* context) const { Free(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, Freeing<ZSTD_CCtx, ZSTD_freeCCtx>>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, Freeing<ZSTD_DCtx, ZSTD_freeDCtx>>;

ZSTD_CCtx* compressor() {
  thread_local Compressor context;
  if (context == nullptr) {
    context.reset(ZSTD_createCCtx());
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0);
  }
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local Decompressor context;
  if (context == nullptr) {
    context.reset(ZSTD_createDCtx());
    if (context == nullptr) throw std::bad_alloc();
  }
  return context.get();
}

[[noreturn]] void fail(const char* problem) {
  throw Error(Category::Corrupt, std::string("compressed column of packed details ") + problem);
}

}  // namespace

std::string compressed(std::string_view raw) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  const size_t size = ZSTD_compress2(compressor(), out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(size) != 0)
    throw Error(Category::Internal, std::string("zstd could not compress: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out.substr(kMagic.size());
}

std::string decompressed(ByteView stored, uint64_t raw_size) {
  if (raw_size > kMaxRawBytes || raw_size > stored.size() * kMaxRatio) fail("stands for too many bytes");
  std::string frame(kMagic);
  frame.append(reinterpret_cast<const char*>(stored.data()), stored.size());
  std::string raw(raw_size, '\0');
  const size_t size = ZSTD_decompressDCtx(decompressor(), raw.data(), raw.size(), frame.data(), frame.size());
  if (size != raw_size) fail("cannot be read");  // errors are sizes, too
  return raw;
}

}  // namespace cdp::timeline
