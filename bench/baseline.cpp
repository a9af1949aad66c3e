// What the cpu kernels are compared with, behind the same interface: AdamW as one would write it by hand.
// Compile with: g++ -std=c++17 -O3 -ffp-contract=off -fno-math-errno -march=native -fPIC -shared

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

constexpr uint64_t TILE = 16384;

struct Chunk {
  uint32_t tensor;
  uint32_t tile;
};

struct Hypers {
  float beta1, beta2, lr, weight_decay, eps, correction1, correction2;
};

struct Tensor {
  uint64_t length;
  float* p;
  const float* g;
  float* m;
  float* v;
};

template <typename Work>
void each_tile(const Chunk* chunks, uint64_t first, uint64_t last, const Tensor* tensors, Work work) {
  for (uint64_t chunk = first; chunk < last; chunk++) {
    const Tensor& tensor = tensors[chunks[chunk].tensor];
    const uint64_t start = chunks[chunk].tile * TILE;
    work(tensor, start, std::min(TILE, tensor.length - start));
  }
}

}  // namespace

#define KERNEL extern "C" __attribute__((visibility("default")))

/** 28 bytes an element. */
KERNEL void adamw(const Hypers* hypers, const Chunk* chunks, uint64_t first, uint64_t last, const Tensor* tensors) {
  const Hypers h = *hypers;
  each_tile(chunks, first, last, tensors, [&](const Tensor& tensor, uint64_t start, uint64_t length) {
    float* __restrict p = tensor.p + start;
    const float* __restrict g = tensor.g + start;
    float* __restrict m = tensor.m + start;
    float* __restrict v = tensor.v + start;
    for (uint64_t i = 0; i < length; i++) {
      m[i] = h.beta1 * m[i] + (1 - h.beta1) * g[i];
      v[i] = h.beta2 * v[i] + (1 - h.beta2) * g[i] * g[i];
      p[i] -= h.lr * h.weight_decay * p[i];
      p[i] -= h.lr * (m[i] / h.correction1) / (std::sqrt(v[i] / h.correction2) + h.eps);
    }
  });
}
