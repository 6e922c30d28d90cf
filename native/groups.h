// The groups of kernels, each in a file of its own, that addon.cc puts together.

#pragma once

#include <napi.h>

void exportDepthwise(Napi::Env env, Napi::Object exports);
void exportArithmetic(Napi::Env env, Napi::Object exports);
void exportBatchNorm(Napi::Env env, Napi::Object exports);
void exportMoves(Napi::Env env, Napi::Object exports);
