#include "resources.h"

namespace lowbit::cuda {

Memory::Memory(std::shared_ptr<Context> context, size_t bytes) : Resource(std::move(context)) {
  const Context::Scope scope(this->context());
  CUDA(this->context().driver(), MemAlloc, &pointer_, bytes == 0 ? 1 : bytes);
}

void Memory::Destroy(const Driver& driver) noexcept {
  if (pointer_ != 0) driver.MemFree(pointer_);
}

Module::Module(std::shared_ptr<Context> context, const void* image) : Resource(std::move(context)) {
  const Context::Scope scope(this->context());
  CUDA(this->context().driver(), ModuleLoadData, &handle_, image);
}

FunctionHandle Module::Find(const char* name) const {
  const Context::Scope scope(context());
  FunctionHandle function = nullptr;
  CUDA(context().driver(), ModuleGetFunction, &function, handle_, name);
  return function;
}

void Module::Destroy(const Driver& driver) noexcept {
  if (handle_ != nullptr) driver.ModuleUnload(handle_);
}

Kernel::Kernel(std::shared_ptr<Module> module, const char* name)
    : Resource(module->shared_context()), module_(std::move(module)), handle_(module_->Find(name)) {}

FunctionHandle Kernel::handle() const {
  module_->context();
  return handle_;
}

int Kernel::Attribute(int attribute) const {
  const Context::Scope scope(context());
  int value = 0;
  CUDA(context().driver(), FuncGetAttribute, &value, attribute, handle());
  return value;
}

int Kernel::Occupancy(int threads) const {
  const Context::Scope scope(context());
  int blocks = 0;
  CUDA(context().driver(), OccupancyMaxActiveBlocks, &blocks, handle(), threads, 0);
  return blocks;
}

Event::Event(std::shared_ptr<Context> context, unsigned flags) : Resource(std::move(context)) {
  const Context::Scope scope(this->context());
  CUDA(this->context().driver(), EventCreate, &handle_, flags);
}

void Event::Destroy(const Driver& driver) noexcept {
  if (handle_ != nullptr) driver.EventDestroy(handle_);
}

Graph::Graph(std::shared_ptr<Context> context, GraphHandle captured) : Resource(std::move(context)) {
  const Driver& driver = this->context().driver();
  const Context::Scope scope(this->context());
  const Status status = driver.GraphInstantiate(&handle_, captured, 0);
  driver.GraphDestroy(captured);
  Check(driver, status, symbol::GraphInstantiate);
}

void Graph::Destroy(const Driver& driver) noexcept {
  if (handle_ != nullptr) driver.GraphExecDestroy(handle_);
}

Stream::Stream(std::shared_ptr<Context> context)
    : Resource(std::move(context)), is_ours_(true) {
  const Context::Scope scope(this->context());
  CUDA(this->context().driver(), StreamCreate, &handle_, kStreamNonBlocking);
}

Stream::Stream(std::shared_ptr<Context> context, StreamHandle borrowed)
    : Resource(std::move(context)), handle_(borrowed), is_ours_(false) {}

void Stream::Destroy(const Driver& driver) noexcept {
  uploads_.Free(driver);
  downloads_.Free(driver);
  if (is_ours_ && handle_ != nullptr) driver.StreamDestroy(handle_);
}

}  // namespace lowbit::cuda
