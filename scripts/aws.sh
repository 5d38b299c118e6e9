# Functions of the scripts that deploy to AWS. Sourced after lib.sh, never run; the caller has set `root` and `environment`.
# What a person can put right is told in one sentence, with exit code 2 for what was asked and 3 for what AWS answered.
# shellcheck shell=bash disable=SC2034,SC2154

template=$root/conf/aws/template.yaml
log_of_venv=$root/target/venv.log

# require_environment NAME: sets environment, stack and parameter_file; tells the usage instead, if that is what is asked for.
require_environment() {
  case ${1:-} in
    local | dev | prod) ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail 2 "unknown environment: env=${1:-} (expected: local, dev or prod)" ;;
  esac
  environment=$1
  stack=tapestream-$environment
  parameter_file=$root/conf/aws/$environment.json
  [[ $environment != local || -n ${AWS_ENDPOINT_URL:-} ]] \
    || fail 2 "local is for an emulator only: AWS_ENDPOINT_URL is not set (scripts/start-market.sh local sets it, and provisions)"
}

# connect: finds the AWS CLI, the region and the account; sets region, account and bucket, and a folder for scratch files, errors in it.
connect() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  errors=$scratch/errors
  ensure_venv "$root/scripts/requirements.txt" "$log_of_venv"
  aws_program=$root/.venv/bin/aws
  if [[ $environment != local ]] && command aws --version >/dev/null 2>&1; then
    aws_program=aws
  fi
  region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}
  [[ -n $region ]] || fail 2 "no region: AWS_REGION is not set, nor is one configured (set AWS_REGION, or run: aws configure)"
  # Version 1 of the CLI looks at one of them only, version 2 at the other first.
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
  account=$(ask sts get-caller-identity --query Account)
  bucket=tapestream-code-$account-$region
}

# aws ARGUMENT...: the AWS CLI, which neither pages nor prompts.
aws() {
  # For SQS version 1 of the CLI does not look at AWS_ENDPOINT_URL.
  [[ $1 != sqs || -z ${AWS_ENDPOINT_URL:-} ]] || set -- "$@" --endpoint-url "$AWS_ENDPOINT_URL"
  AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off command "$aws_program" "$@"
}

# ask ARGUMENT...: what AWS answers, as text; an error is told and ends us.
ask() {
  aws "$@" --output text 2>"$errors" || refused "$@"
}

# ask_rows ARGUMENT...: what AWS answers, as text, without the blank line for each page that has nothing.
ask_rows() {
  ask "$@" | sed '/^$/d'
}

# ask_unless CODE ARGUMENT...: what AWS answers, as text; nothing if it answers with this error code.
ask_unless() {
  local code=$1
  shift
  aws "$@" --output text 2>"$errors" || grep -qF "($code)" "$errors" || refused "$@"
}

# refused ARGUMENT...: tells why AWS did not do it, in the CLI's own words, which name the remedy or the permission.
refused() {
  fail 3 "AWS refused: call=$1:$2 region=$region: $(grep -v '^$' "$errors" | tail -1)"
}

# stack_status: the stack's status; nothing if there is no stack.
stack_status() {
  ask_rows cloudformation list-stacks \
    --query "StackSummaries[?StackName=='$stack' && StackStatus!='DELETE_COMPLETE'].StackStatus"
}

# require_deployable STATUS: a stack that is not there or can be changed, or out.
require_deployable() {
  local status=$1
  case $status in
    '' | REVIEW_IN_PROGRESS) ;; # the latter: a change set was made and not executed
    *_IN_PROGRESS)
      fail 3 "stack busy: stack=$stack status=$status (wait until that has ended, then again)"
      ;;
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | DELETE_FAILED)
      fail 3 "stack can only be deleted: stack=$stack status=$status (scripts/teardown.sh $environment, then again)"
      ;;
    UPDATE_ROLLBACK_FAILED)
      fail 3 "stack stuck: stack=$stack status=$status (aws cloudformation continue-update-rollback --stack-name $stack)"
      ;;
  esac
}

# stack_parameter NAME: a parameter's value in the stack as it is.
stack_parameter() {
  ask cloudformation describe-stacks --stack-name "$stack" \
    --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue"
}

# table_key NAME: the table's key as pairs of name and type; nothing if there is no such table.
table_key() {
  ask_unless ResourceNotFoundException dynamodb describe-table --table-name "$1" \
    --query 'Table.KeySchema[].[AttributeName,KeyType]'
}

# package: makes the function's zip; sets zip, code_key and code_digest, as Lambda tells it.
package() {
  zip=$("$root/scripts/package-lambda.sh")
  code_key=lambda/$(sha256sum "$zip" | cut -d ' ' -f 1).zip
  code_digest=$("$root/.venv/bin/python" -c \
    'import base64, hashlib, pathlib, sys; print(base64.b64encode(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).digest()).decode())' \
    "$zip")
}

# bucket_exists: whether the code bucket is there; out if its name is another account's.
bucket_exists() {
  aws s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$account" >/dev/null 2>"$errors" && return
  ! grep -qF '(403)' "$errors" \
    || fail 3 "bucket not ours: bucket=$bucket account=$account (another account has taken the name, or you lack s3:ListBucket)"
  grep -qF '(404)' "$errors" || refused s3api head-bucket
  return 1
}

# code_is_uploaded: whether the code bucket holds this code.
code_is_uploaded() {
  [[ -n $(ask_unless 404 s3api head-object --bucket "$bucket" --key "$code_key" --expected-bucket-owner "$account" --query ContentLength) ]]
}

# upload_code: puts the zip into the code bucket, unless it is there.
upload_code() {
  if ! bucket_exists; then
    say "making the bucket $bucket"
    make_bucket
  fi
  if ! code_is_uploaded; then
    say "uploading the code to s3://$bucket/$code_key"
    ask s3api put-object --bucket "$bucket" --key "$code_key" --body "$zip" --expected-bucket-owner "$account" >/dev/null
  fi
}

make_bucket() {
  local where=()
  # The oldest region refuses to be named.
  [[ $region == us-east-1 ]] || where=(--create-bucket-configuration "LocationConstraint=$region")
  ask s3api create-bucket --bucket "$bucket" ${where[@]+"${where[@]}"} >/dev/null
  ask s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  ask s3api put-bucket-encryption --bucket "$bucket" --server-side-encryption-configuration \
    '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
}

# ensure_code_is_live FUNCTION: waits until the function runs this code, and gives it the code if somebody changed it beside the stack.
ensure_code_is_live() {
  ask lambda wait function-updated-v2 --function-name "$1"
  [[ $(live_digest "$1") != "$code_digest" ]] || return 0
  say "the function's code is not the stack's: giving it back"
  make_code_live "$1"
}

# make_code_live FUNCTION: gives the function the code that is in the bucket, and waits until it runs it.
make_code_live() {
  ask lambda update-function-code --function-name "$1" --s3-bucket "$bucket" --s3-key "$code_key" --query State >/dev/null
  ask lambda wait function-updated-v2 --function-name "$1"
  [[ $(live_digest "$1") == "$code_digest" ]] || fail 3 "code not live: function=$1 digest=$(live_digest "$1") (expected: $code_digest)"
}

live_digest() {
  ask lambda get-function-configuration --function-name "$1" --query CodeSha256
}

# tell_failures: what the stack's last events say of what failed, oldest first, as talk.
tell_failures() {
  aws cloudformation describe-stack-events --stack-name "$stack" --max-items 50 --output text \
    --query "reverse(StackEvents[?contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason])" >&2 || true
}
