/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "CURLE_COULDNT_CONNECT" of 7; static. Unknown numbers are "CURLE_OTHER". */
const char *curl_error_name(int code);
