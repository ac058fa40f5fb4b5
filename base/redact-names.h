/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in names of secrets, in the order of their first letters. Words are joined: "apikey" is
 * api_key, apiKey, API-KEY and apikey.
 *
 *     ONCE    these words
 *     WORD    also in the plural
 *     END     also as the end of a longer word: accesstoken
 *     TAIL    both: dbpasswords
 *     ALONE   if the key has no other word
 */
#pragma once

#define REDACT_NAMES(X) \
	X(TAIL, "accesskey") \
	X(TAIL, "apikey") \
	X(WORD, "apisecret") \
	X(WORD, "authkey") \
	X(WORD, "authorization") \
	X(ONCE, "authtoken") \
	X(WORD, "backupcode") \
	X(WORD, "bankaccount") \
	X(WORD, "basicauth") \
	X(WORD, "bearer") \
	X(WORD, "cardno") \
	X(WORD, "cardnumber") \
	X(WORD, "cardpin") \
	X(WORD, "ccno") \
	X(WORD, "ccnum") \
	X(WORD, "ccnumber") \
	X(TAIL, "cookie") \
	X(TAIL, "credential") \
	X(WORD, "creditcard") \
	X(ONCE, "creds") \
	X(ONCE, "csrf") \
	X(ONCE, "cvc") \
	X(ONCE, "cvv") \
	X(WORD, "dbpass") \
	X(WORD, "debitcard") \
	X(WORD, "encryptionkey") \
	X(WORD, "iban") \
	X(WORD, "jwt") \
	X(WORD, "mailpass") \
	X(WORD, "masterkey") \
	X(ONCE, "mnemonic") \
	X(WORD, "mysqlpwd") \
	X(WORD, "onetimecode") \
	X(ONCE, "otp") \
	X(ALONE, "pass") \
	X(TAIL, "passcode") \
	X(WORD, "passkey") \
	X(TAIL, "passphrase") \
	X(TAIL, "passwd") \
	X(TAIL, "password") \
	X(WORD, "pgpass") \
	X(WORD, "pincode") \
	X(TAIL, "privatekey") \
	X(ONCE, "pw") \
	X(ONCE, "pwd") \
	X(WORD, "recoverycode") \
	X(WORD, "recoveryphrase") \
	X(TAIL, "secret") \
	X(TAIL, "secretkey") \
	X(WORD, "seedphrase") \
	X(ALONE, "sess") \
	X(TAIL, "sessid") \
	X(ALONE, "session") \
	X(TAIL, "sessionid") \
	X(WORD, "sessionkey") \
	X(ALONE, "sid") \
	X(WORD, "signingkey") \
	X(WORD, "smtppass") \
	X(WORD, "socialsecurity") \
	X(WORD, "sshkey") \
	X(ONCE, "ssn") \
	X(WORD, "storagekey") \
	X(WORD, "subscriptionkey") \
	X(END, "token") \
	X(ONCE, "totp") \
	X(WORD, "userpass") \
	X(WORD, "userpwd") \
	X(WORD, "verificationcode") \
	X(ONCE, "xsrf")

/*
 * Last words of keys that tell about a secret without being it: token.count, password_length,
 * cookie_enabled. By the built-in names only.
 */
#define REDACT_ABOUT(X) \
	X("age") \
	X("algorithm") \
	X("attempts") \
	X("bytes") \
	X("changed") \
	X("count") \
	X("enabled") \
	X("expired") \
	X("expires") \
	X("expiry") \
	X("invalid") \
	X("kind") \
	X("len") \
	X("length") \
	X("limit") \
	X("policy") \
	X("present") \
	X("provider") \
	X("required") \
	X("size") \
	X("status") \
	X("strength") \
	X("ttl") \
	X("type") \
	X("usage") \
	X("used") \
	X("valid")

/* Parameters of URLs, by their whole names, that are no names of secrets elsewhere. */
#define REDACT_PARAMETERS(X) \
	X("auth") \
	X("awsaccesskeyid") \
	X("code") \
	X("hmac") \
	X("key") \
	X("keypairid") \
	X("pin") \
	X("policy") \
	X("samlrequest") \
	X("samlresponse") \
	X("sig") \
	X("sign") \
	X("signature") \
	X("ticket") \
	X("xamzcredential") \
	X("xamzsignature") \
	X("xgoogcredential") \
	X("xgoogsignature") \
	X("xossssignature")
