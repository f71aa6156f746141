{{/* The parts that all pods share. */}}

{{- define "fairlane.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "fairlane.labels" -}}
app.kubernetes.io/name: fairlane
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "fairlane.pod" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "fairlane.container" -}}
image: {{ include "fairlane.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: FAIRLANE_STORE
    valueFrom:
      secretKeyRef: {name: {{ .Values.store.secretName }}, key: {{ .Values.store.secretKey }}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
