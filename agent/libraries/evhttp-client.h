/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the two sides of evhttp: one function frees requests of both. */
#pragma once

struct evhttp_request;

/* After it was freed. */
void evhttp_client_freed(const struct evhttp_request *request);
