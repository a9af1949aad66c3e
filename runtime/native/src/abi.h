#pragma once

/** Raised with every change of what the addon exports; runtime/native/addon.ts asks for this very number. */
#define LOWBIT_ABI 5
