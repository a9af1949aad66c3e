// From one stack to another.
#pragma once

#include <cstdint>

/** Saves where the caller is in `*from` and goes on at `to`, which a call of its own or `PrepareStack` left. */
extern "C" void emulator_switch(void** from, void* to);

#if defined(__x86_64__)
asm(R"(
  .text
  .local emulator_switch
  .type emulator_switch, @function
emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx  # A processor would predict the caller of this stack of a `ret`.
  .size emulator_switch, . - emulator_switch
)");

/** A stack on which the switch begins `start`, which never returns; `top` is a multiple of 16. */
inline void* PrepareStack(unsigned char* top, void (*start)()) {
  auto** words = reinterpret_cast<void**>(top);
  *--words = nullptr;  // Where `start` would return to: the stack is as a call leaves it.
  *--words = reinterpret_cast<void*>(start);
  for (int i = 0; i < 6; i++) *--words = nullptr;
  return words;
}
#elif defined(__aarch64__)
asm(R"(
  .text
  .local emulator_switch
  .type emulator_switch, %function
emulator_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
  .size emulator_switch, . - emulator_switch
)");

inline void* PrepareStack(unsigned char* top, void (*start)()) {
  auto** words = reinterpret_cast<void**>(top - 160);
  for (int i = 0; i < 20; i++) words[i] = nullptr;
  words[11] = reinterpret_cast<void*>(start);  // x30, to which the switch returns.
  return words;
}
#else
#error "no switch of stacks for this processor: it is x86-64 or aarch64"
#endif
