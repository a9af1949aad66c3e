#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "driver.h"

namespace lowbit::cuda {

class Context;

/** What JavaScript can hold a share of. */
struct Handle {
  virtual ~Handle() = default;
};

/** What lives on a device: freed when asked to, when JavaScript collects it, or with its context, whichever is first. */
class Resource : public Handle {
 public:
  explicit Resource(std::shared_ptr<Context> context);
  ~Resource() override;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  /** Safe to call again. */
  void Free() noexcept;
  /** Throws where it was freed. */
  Context& context() const;
  const std::shared_ptr<Context>& shared_context() const { return context_; }
  bool is_freed() const { return is_freed_; }
  /** Bytes that JavaScript's collector was told of. */
  int64_t accounted = 0;

 protected:
  /** With the context current; whatever fails is past help. Every final class calls `Free` in its destructor. */
  virtual void Destroy(const Driver& driver) noexcept = 0;

 private:
  friend class Context;
  std::shared_ptr<Context> context_;
  std::list<Resource*>::iterator place_;
  bool is_freed_ = false;
};

/** The primary context of one GPU, which other libraries of the process share. */
class Context final : public Handle {
 public:
  Context(const Driver& driver, int ordinal);
  ~Context() override;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Driver& driver() const { return driver_; }
  DeviceOrdinal device() const { return device_; }
  bool is_closed() const { return handle_ == nullptr; }
  /** Frees everything that lives on it, the latest first. */
  void Close() noexcept;

  /** Makes the context current for a while and leaves the caller's as it was. Throws where it was closed. */
  class Scope {
   public:
    explicit Scope(const Context& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const Driver& driver_;
  };

  /**
   * Work of another thread on this context. While it downloads, nothing may be enqueued or freed: the caller waits, so
   * that the values are those of the time of the call. Closing waits for all work.
   */
  enum class Work { kDownload, kOther };
  void Begin(Work work);
  void End(Work work) noexcept;
  void AwaitDownloads() noexcept;

 private:
  friend class Resource;
  const Driver& driver_;
  DeviceOrdinal device_ = 0;
  ContextHandle handle_ = nullptr;
  std::list<Resource*> resources_;
  std::mutex mutex_;
  std::condition_variable idle_;
  int downloads_ = 0;
  int works_ = 0;
};

}  // namespace lowbit::cuda
