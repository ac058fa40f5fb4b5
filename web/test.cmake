# cmake -D ESBUILD= -D NODE= -D TESTS=a;b -D OUT=folder -P test.cmake: bundles the tests and runs them.

file(REMOVE_RECURSE ${OUT})
execute_process(COMMAND ${ESBUILD} ${TESTS} --bundle --platform=node --format=cjs --target=node18
	--log-level=warning --outdir=${OUT} COMMAND_ERROR_IS_FATAL ANY)
file(GLOB bundles ${OUT}/*.test.js)
execute_process(COMMAND ${NODE} --test ${bundles} COMMAND_ERROR_IS_FATAL ANY)
