#include "context.h"

namespace lowbit::cuda {

Resource::Resource(std::shared_ptr<Context> context) : context_(std::move(context)) {
  context_->resources_.push_front(this);
  place_ = context_->resources_.begin();
}

Resource::~Resource() {
  // Not freed where the constructor of what it is failed.
  if (!is_freed_) context_->resources_.erase(place_);
}

void Resource::Free() noexcept {
  if (is_freed_) return;
  is_freed_ = true;
  context_->AwaitDownloads();
  context_->resources_.erase(place_);
  try {
    const Context::Scope scope(*context_);
    Destroy(context_->driver());
  } catch (const Failure&) {
    // The device is lost, and what was on it with it.
  }
}

Context& Resource::context() const {
  if (is_freed_) throw Failure("freed", "", "", 0);
  return *context_;
}

Context::Context(const Driver& driver, int ordinal) : driver_(driver) {
  CUDA(driver_, Init, 0);
  int count = 0;
  CUDA(driver_, DeviceGetCount, &count);
  if (count == 0) throw Failure("CUDA_ERROR_NO_DEVICE", symbol::DeviceGetCount, "it counts none", driver_.version);
  if (ordinal >= count) throw Failure("no-ordinal", std::to_string(count), "", driver_.version);
  CUDA(driver_, DeviceGet, &device_, ordinal);
  CUDA(driver_, DevicePrimaryCtxRetain, &handle_, device_);
}

Context::~Context() { Close(); }

void Context::Close() noexcept {
  if (handle_ == nullptr) return;
  {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return works_ == 0; });
  }
  while (!resources_.empty()) resources_.front()->Free();
  handle_ = nullptr;
  driver_.DevicePrimaryCtxRelease(device_);
}

Context::Scope::Scope(const Context& context) : driver_(context.driver_) {
  if (context.handle_ == nullptr) throw Failure("freed", "", "", 0);
  CUDA(driver_, CtxPushCurrent, context.handle_);
}

Context::Scope::~Scope() {
  ContextHandle ours = nullptr;
  driver_.CtxPopCurrent(&ours);
}

void Context::Begin(Work work) {
  const std::lock_guard lock(mutex_);
  works_++;
  if (work == Work::kDownload) downloads_++;
}

void Context::End(Work work) noexcept {
  {
    const std::lock_guard lock(mutex_);
    works_--;
    if (work == Work::kDownload) downloads_--;
  }
  idle_.notify_all();
}

void Context::AwaitDownloads() noexcept {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return downloads_ == 0; });
}

}  // namespace lowbit::cuda
