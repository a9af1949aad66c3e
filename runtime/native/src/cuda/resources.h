#pragma once

#include <vector>

#include "context.h"
#include "staging.h"

namespace lowbit::cuda {

/** Bytes of device memory, at least one. */
class Memory final : public Resource {
 public:
  Memory(std::shared_ptr<Context> context, size_t bytes);
  ~Memory() override { Free(); }
  DevicePointer pointer() const { return pointer_; }

 private:
  void Destroy(const Driver& driver) noexcept override;
  DevicePointer pointer_ = 0;
};

/** A fatbin, with the code for this GPU loaded. */
class Module final : public Resource {
 public:
  Module(std::shared_ptr<Context> context, const void* image);
  ~Module() override { Free(); }
  FunctionHandle Find(const char* name) const;

 private:
  void Destroy(const Driver& driver) noexcept override;
  ModuleHandle handle_ = nullptr;
};

/** A kernel, which keeps its module. */
class Kernel final : public Resource {
 public:
  Kernel(std::shared_ptr<Module> module, const char* name);
  ~Kernel() override { Free(); }
  /** Throws where its module was freed. */
  FunctionHandle handle() const;
  int Attribute(int attribute) const;
  /** Blocks of so many threads that one multiprocessor runs at once. */
  int Occupancy(int threads) const;

 private:
  void Destroy(const Driver&) noexcept override {}
  std::shared_ptr<Module> module_;
  FunctionHandle handle_ = nullptr;
};

/** A point of time of a stream. */
class Event final : public Resource {
 public:
  Event(std::shared_ptr<Context> context, unsigned flags);
  ~Event() override { Free(); }
  EventHandle handle() const { return handle_; }

 private:
  void Destroy(const Driver& driver) noexcept override;
  EventHandle handle_ = nullptr;
};

/** What was captured of a stream, to be run as a whole. */
class Graph final : public Resource {
 public:
  /** Takes what the capture gave, and destroys it. */
  Graph(std::shared_ptr<Context> context, GraphHandle captured);
  ~Graph() override { Free(); }
  GraphExecHandle handle() const { return handle_; }

 private:
  void Destroy(const Driver& driver) noexcept override;
  GraphExecHandle handle_ = nullptr;
};

/** Work in order: a stream of its own, or one that the caller brought and keeps. */
class Stream final : public Resource {
 public:
  explicit Stream(std::shared_ptr<Context> context);
  Stream(std::shared_ptr<Context> context, StreamHandle borrowed);
  ~Stream() override { Free(); }
  StreamHandle handle() const { return handle_; }
  Uploads& uploads() { return uploads_; }
  Downloads& downloads() { return downloads_; }

 private:
  void Destroy(const Driver& driver) noexcept override;
  StreamHandle handle_ = nullptr;
  bool is_ours_;
  Uploads uploads_;
  Downloads downloads_;
};

}  // namespace lowbit::cuda
