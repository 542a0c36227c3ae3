# The calls of the library that tests/torture/faults.c stands before.
set(wrapped
    malloc calloc realloc strdup open_memstream asprintf free newlocale
    pthread_create open flock pread
    socket connect recv send read write poll shutdown
    getsockopt setsockopt fcntl fstat stat access getaddrinfo getrandom
    eventfd epoll_create1 epoll_ctl timerfd_create
    zmq_ctx_new zmq_ctx_term zmq_socket zmq_bind zmq_connect zmq_getsockopt
    zmq_send zmq_recv zmq_msg_init_size zmq_msg_init_data zmq_msg_send
    zmq_msg_recv zmq_socket_monitor uv_poll_init uv_tcp_connect
    uv_loop_init uv_async_init uv_thread_create uv_getaddrinfo
    lws_create_context lws_create_vhost lws_client_connect_via_info lws_write
    lws_http_client_read
    SSL_CTX_new SSL_CTX_load_verify_file SSL_CTX_use_certificate_chain_file
    SSL_CTX_use_PrivateKey_file SSL_new SSL_set1_host SSL_write_ex BIO_new
    BIO_write mdb_env_create mdb_env_set_mapsize mdb_env_open mdb_dbi_open
    mdb_txn_begin mdb_txn_commit mdb_cursor_open mdb_cursor_get mdb_cursor_put
    mdb_cursor_del mdb_get mdb_put msgpack_zone_init msgpack_unpack
    RAND_bytes EVP_Digest X509_STORE_new X509_STORE_load_file)
